//! A report as comma-separated values (RFC 4180): one line a stream.

use std::io::{self, Write};

use tersor::analysis::CodeLengths;

use super::found::Found;
use super::json::kind;

const COLUMNS: &str = "file,segment,tensor,tensors,dtype,stream,kind,width,coding,contexts,context_source,symbols,distinct,\
    order0_bits,conditional_bits,kt_order0_bits,kt_bits,two_part_bits,model_bits,actual_bits,efficiency,overhead";

/// The streams of all files, each of a segment with the first of its tensors and how many they are.
pub fn write(reports: &[Found], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{COLUMNS}\r\n")?;
    for found in reports {
        let segments = found.bounds.ledger.segments.iter().zip(&found.bounds.segments).enumerate();
        for (number, (ledger, segment)) in segments {
            let first = ledger.members.first().and_then(|&member| found.bounds.ledger.name(member));
            for stream in &segment.streams {
                let length = |of: fn(&CodeLengths) -> f64| shown(stream.lengths.as_ref().map(of));
                let fields = [
                    quoted(&found.file),
                    number.to_string(),
                    quoted(first.unwrap_or_default()),
                    ledger.members.len().to_string(),
                    ledger.dtype.name().to_owned(),
                    stream.name.clone(),
                    kind(stream).to_owned(),
                    stream.width.to_string(),
                    stream.coding.to_owned(),
                    stream.contexts.to_string(),
                    quoted(stream.context_source.as_deref().unwrap_or_default()),
                    stream.symbols.to_string(),
                    shown(stream.distinct),
                    length(|lengths| lengths.order0_bits),
                    length(|lengths| lengths.conditional_bits),
                    length(|lengths| lengths.kt_order0_bits),
                    length(|lengths| lengths.kt_bits),
                    length(|lengths| lengths.two_part_bits),
                    length(|lengths| lengths.model_bits),
                    stream.actual_bits.to_string(),
                    shown(stream.efficiency()),
                    shown(stream.overhead()),
                ];
                write!(out, "{}\r\n", fields.join(","))?;
            }
        }
    }
    Ok(())
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// In quotes if it has to be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_it_must_be() {
        assert_eq!(quoted("a b"), "a b");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"a\""), "\"say \"\"a\"\"\"");
        assert_eq!(quoted("a\nb"), "\"a\nb\"");
    }
}
