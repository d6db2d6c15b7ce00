//! Events and spans of the `tracing` crate become events.

use crate::client::Client;
use crate::draft::Draft;
use crate::sender::is_sending_thread;
use crate::value::Value;
use core::error::Error;
use core::fmt;
use logd_core::severity::Severity;
use tracing_core::field::{Field, Visit};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Sends the events of the `tracing` crate to a logd.
///
/// An event's message is the text, its other fields become attributes of their types, followed by `target`,
/// `module` (where it is not the target), `file` and `line`. Inside spans there follow `span`, the names from the
/// outermost span to the innermost as in `request:query`, and the fields of these spans, innermost first. A name
/// that several of them use is sent for each.
///
/// Spans themselves are not sent. An event that is refused is counted, and reported to
/// [`on_problem`](crate::Builder::on_problem).
///
/// ```no_run
/// use tracing_subscriber::prelude::*;
///
/// let client = logd_client::Client::builder("127.0.0.1:6102", "secret").key("/dev/shop").build()?;
/// let _guard = client.flush_on_drop(std::time::Duration::from_secs(1));
/// tracing_subscriber::registry().with(logd_client::Layer::new(client)).init();
///
/// let _span = tracing::info_span!("request", id = 17).entered();
/// tracing::info!(paid = true, "thank you");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Layer {
    client: Client,
}

impl Layer {
    /// A layer that sends through `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl<S> tracing_subscriber::Layer<S> for Layer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Encoded before the span is locked: a field's `Debug` may log in the same span.
        let mut context = SpanContext::encode(|visitor| attributes.record(visitor));
        if let Some(parent) = span.parent()
            && let Some(outer) = parent.extensions().get::<SpanContext>()
        {
            context.path.push_str(&outer.path);
            context.path.push(':');
        }
        context.path.push_str(span.name());
        span.extensions_mut().replace(context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let update = SpanContext::encode(|visitor| values.record(visitor));
        if let Some(context) = span.extensions_mut().get_mut::<SpanContext>() {
            context.update(&update);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if is_sending_thread() {
            return;
        }
        let metadata = event.metadata();
        let mut out = crate::Event::new(&self.client, severity(*metadata.level()));
        event.record(&mut EventFields(out.draft()));
        out = out.attr("target", metadata.target());
        if let Some(module) = metadata.module_path().filter(|&module| module != metadata.target()) {
            out = out.attr("module", module);
        }
        if let Some(file) = metadata.file() {
            out = out.attr("file", file);
        }
        if let Some(line) = metadata.line() {
            out = out.attr("line", line);
        }
        for (depth, span) in context.event_scope(event).into_iter().flatten().enumerate() {
            let extensions = span.extensions();
            let Some(span) = extensions.get::<SpanContext>() else { continue };
            if depth == 0 {
                out = out.attr("span", &span.path);
            }
            out.draft().append(&span.fields);
        }
        // Counted; `tracing` has no way to tell the caller.
        let _ = out.send();
    }
}

fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR => Severity::ERROR,
        Level::WARN => Severity::WARN,
        Level::INFO => Severity::INFO,
        Level::DEBUG => Severity::DEBUG,
        Level::TRACE => Severity::TRACE,
    }
}

/// What a span adds to the events in it; kept in the span's extensions.
#[derive(Default)]
struct SpanContext {
    /// Names from the outermost span to this one.
    path: String,
    /// Encoded attributes, one after the other.
    fields: Vec<u8>,
    /// Whose they are, and how long.
    index: Vec<(&'static str, usize)>,
}

impl SpanContext {
    fn encode(record: impl FnOnce(&mut dyn Visit)) -> Self {
        let mut draft = Draft::new();
        let mut index = Vec::new();
        record(&mut SpanFields { draft: &mut draft, index: &mut index });
        Self { path: String::new(), fields: draft.fields().to_vec(), index }
    }

    /// Sets fields again, so that a span does not grow however often they are recorded.
    fn update(&mut self, update: &Self) {
        let mut start = 0;
        self.index.retain(|&(name, len)| {
            let keep = update.index.iter().all(|&(new, _)| new != name);
            if keep {
                start += len;
            } else {
                self.fields.drain(start..start + len);
            }
            keep
        });
        self.index.extend_from_slice(&update.index);
        self.fields.extend_from_slice(&update.fields);
    }
}

/// Visits fields whose values it passes on to `add`, each as what it is.
macro_rules! impl_visit {
    ($visitor:ty) => {
        impl Visit for $visitor {
            fn record_f64(&mut self, field: &Field, value: f64) {
                self.add(field, value.into());
            }

            fn record_i64(&mut self, field: &Field, value: i64) {
                self.add(field, value.into());
            }

            fn record_u64(&mut self, field: &Field, value: u64) {
                self.add(field, value.into());
            }

            fn record_bool(&mut self, field: &Field, value: bool) {
                self.add(field, value.into());
            }

            fn record_str(&mut self, field: &Field, value: &str) {
                self.add(field, value.into());
            }

            fn record_bytes(&mut self, field: &Field, value: &[u8]) {
                self.add(field, value.into());
            }

            fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
                self.add(field, format_args!("{value}").into());
            }

            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                self.add(field, format_args!("{value:?}").into());
            }
        }
    };
}

struct EventFields<'a>(&'a mut Draft);

impl EventFields<'_> {
    fn add(&mut self, field: &Field, value: Value<'_>) {
        match (field.name(), value) {
            ("message", Value::Format(text)) => self.0.text(text),
            ("message", Value::Text(text)) => self.0.text(text),
            (name, value) => self.0.attribute(name, value),
        }
    }
}

impl_visit!(EventFields<'_>);

struct SpanFields<'a> {
    draft: &'a mut Draft,
    index: &'a mut Vec<(&'static str, usize)>,
}

impl SpanFields<'_> {
    fn add(&mut self, field: &Field, value: Value<'_>) {
        let before = self.draft.fields().len();
        self.draft.attribute(field.name(), value);
        self.index.push((field.name(), self.draft.fields().len() - before));
    }
}

impl_visit!(SpanFields<'_>);
