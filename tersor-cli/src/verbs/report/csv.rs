//! A report as comma-separated values (RFC 4180), one line per stream.

use std::io::{self, Write};

use tersor::Escaped;
use tersor::analysis::CodeLengths;

use super::file_report::FileReport;
use super::json::kind;

const COLUMNS: &str = "file,segment,tensor,tensors,dtype,stream,kind,width,coding,contexts,context_source,symbols,distinct,\
    order0_bits,conditional_bits,kt_order0_bits,kt_bits,two_part_bits,model_bits,actual_bits,efficiency,overhead";

/// Writes the streams of all files. A stream is listed with the first tensor of its segment and the number of tensors.
pub fn write(reports: &[FileReport], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{COLUMNS}\r\n")?;
    for report in reports {
        let segments = report.bounds.ledger.segments.iter().zip(&report.bounds.segments).enumerate();
        for (number, (ledger, segment)) in segments {
            let first = ledger.members.first().and_then(|&member| report.bounds.ledger.name(member));
            for stream in &segment.streams {
                let length = |of: fn(&CodeLengths) -> f64| shown(stream.lengths.as_ref().map(of));
                let fields = [
                    quoted(&report.file),
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

/// Quotes a text that contains a separator or a quote. A text with characters that a terminal obeys is escaped first.
fn quoted(text: &str) -> String {
    let escaped = Escaped(text).to_string();
    // a backslash alone, as in a path, is no reason
    let text = if escaped.replace("\\\\", "\\") == text { text } else { &escaped };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_if_necessary() {
        assert_eq!(quoted("a b"), "a b");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"a\""), "\"say \"\"a\"\"\"");
        assert_eq!(quoted("a\nb\\"), "a\\u{a}b\\\\");
        assert_eq!(quoted("C:\\a"), "C:\\a");
        assert_eq!(quoted("\u{1b}[31m,"), "\"\\u{1b}[31m,\"");
    }
}
