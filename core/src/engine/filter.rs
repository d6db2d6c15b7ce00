//! What the filter of a TAIL or QUERY means, as an expression of the query language.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use logd_proto::wire::{HttpMethod, Lvl, QueryParams};

use crate::drop::DropReason;
use crate::event::names;
use crate::query::ast::{AttrTest, Compare, Expr, StrTest, Term};
use crate::severity::Severity;
use crate::time::UnixNanos;

/// Most bytes of a filter's strings together. Every tail and query keeps its compiled filter, so it is bounded.
const MAX_STRINGS: usize = 1024;
/// What a compiled filter takes at most, with what it builds as it searches: two automata of [`MAX_STRINGS`],
/// measured at 0.4 MiB.
pub(super) const MAX_MEMORY: usize = 512 << 10;

/// The filter of a TAIL: `lvl` is a minimum; there is no time range.
pub(super) fn of_tail(params: &QueryParams) -> Result<Expr, DropReason> {
    let mut terms = common(params)?;
    terms.extend(level(params)?.map(|least| Term::Severity(Compare::Ge, least)));
    Ok(all(terms))
}

/// The filter of a QUERY: `lvl` is exact, both ends of the time range are inclusive.
pub(super) fn of_query(params: &QueryParams) -> Result<Expr, DropReason> {
    let mut terms = common(params)?;
    if let Some(first) = level(params)? {
        terms.push(Term::Severity(Compare::Ge, first));
        // A level is four numbers wide; above the last there is nothing.
        let next = Severity::from_number(u32::from(first.number()) + 4);
        terms.extend(next.map(|next| Term::Severity(Compare::Lt, next)));
    }
    let nanos = |seconds, nanos| UnixNanos::from_parts(seconds, nanos).0;
    if let Some(t) = &params.t_start {
        terms.push(Term::Time(Compare::Ge, nanos(t.seconds, t.nanos)));
    }
    if let Some(t) = &params.t_end {
        terms.push(Term::Time(Compare::Le, nanos(t.seconds, t.nanos)));
    }
    Ok(all(terms))
}

/// What TAIL and QUERY have in common.
fn common(params: &QueryParams) -> Result<Vec<Term>, DropReason> {
    let QueryParams { env, svc, r#fn: function, txt, url, key_prefix, .. } = params;
    if [env, svc, function, txt, url, key_prefix].iter().map(|s| s.len()).sum::<usize>()
        > MAX_STRINGS
    {
        return Err(DropReason::InvalidFilter);
    }
    let mut terms = Vec::new();
    terms.extend(path(params).map(Term::Key));
    if !key_prefix.is_empty() {
        terms.push(Term::Key(StrTest::Prefix(key_prefix.clone())));
    }
    if !txt.is_empty() {
        terms.push(Term::Text(txt.clone()));
    }
    let attribute = |name: &str, test| Term::Attr(name.to_string(), test);
    match HttpMethod::try_from(params.http_method) {
        Ok(HttpMethod::MethodUnknown) => {}
        Ok(method) => {
            let name = method.as_str_name().to_string();
            terms.push(attribute(names::HTTP_METHOD, AttrTest::Str(StrTest::Equals(name))));
        }
        Err(_) => return Err(DropReason::InvalidFilter),
    }
    if !url.is_empty() {
        terms.push(attribute(names::URL, AttrTest::Str(StrTest::Prefix(url.clone()))));
    }
    if params.response_status != 0 {
        let status = f64::from(params.response_status);
        terms.push(attribute(names::STATUS, AttrTest::Number(Compare::Eq, status)));
    }
    Ok(terms)
}

/// The lowest severity of the level that is asked for, if one is.
fn level(params: &QueryParams) -> Result<Option<Severity>, DropReason> {
    let lvl = Lvl::try_from(params.lvl).map_err(|_| DropReason::InvalidFilter)?;
    Ok((lvl != Lvl::Unknown).then(|| Severity::from_lvl(lvl)))
}

/// env, svc and fn are the first three segments of the key.
fn path(params: &QueryParams) -> Option<StrTest> {
    match [params.env.as_str(), params.svc.as_str(), params.r#fn.as_str()] {
        ["", "", ""] => None,
        // Given from the front they are a path.
        [env, "", ""] => Some(StrTest::Under(format!("/{env}"))),
        [env, svc, ""] if !env.is_empty() => Some(StrTest::Under(format!("/{env}/{svc}"))),
        [env, svc, function] if !env.is_empty() && !svc.is_empty() => {
            Some(StrTest::Under(format!("/{env}/{svc}/{function}")))
        }
        segments => {
            let given = segments.iter().rposition(|s| !s.is_empty()).map_or(0, |last| last + 1);
            let mut pattern = String::from("^");
            for segment in &segments[..given] {
                pattern.push('/');
                match *segment {
                    "" => pattern.push_str("[^/]+"),
                    segment => push_escaped(&mut pattern, segment),
                }
            }
            pattern.push_str("(/|$)");
            Some(StrTest::Regex(pattern))
        }
    }
}

/// Appends `literal` so that it stands for itself in a regular expression.
fn push_escaped(pattern: &mut String, literal: &str) {
    for c in literal.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
}

/// All of `terms`, in the form that [`Expr`] promises.
fn all(terms: Vec<Term>) -> Expr {
    let mut terms: Vec<_> = terms.into_iter().map(Expr::Term).collect();
    match terms.len() {
        0 => Expr::All,
        1 => terms.remove(0),
        _ => Expr::And(terms),
    }
}
