//! A panic as JavaScript sees it. Alone in its module, which is of no use afterwards.

#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use js_sys::{Error, Function};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_panic_throws_its_message() {
    logd_wasm::error::throw_panics();
    let panics: Closure<dyn Fn() -> u32> = Closure::new(|| panic!("two and two are {}", 5));
    let function: &Function = panics.as_ref().unchecked_ref();
    let thrown: Error = function.call0(&JsValue::NULL).unwrap_err().unchecked_into();
    assert_eq!(thrown.name(), "Panic");
    assert!(String::from(thrown.message()).contains("two and two are 5"));
}
