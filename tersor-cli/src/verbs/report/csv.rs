//! A report as comma-separated values (RFC 4180), one line per stream or per tensor.

use std::io::{self, Write};

use tersor::Escaped;
use tersor::analysis::{CodeLengths, TensorStatistics};

use super::file_report::{FileReport, TensorLengths};
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

const TENSOR_COLUMNS: &str = "file,tensor,dtype,shape,weights,segment,shares_segment,bytes,distinct_values,\
    value_entropy_bits,order0_bits,conditional_bits,kt_bits,model_bits,raw_bits,zero_share,mean,deviation,kurtosis,\
    best_prior,best_prior_bits,prior_step,bits_back_bits";

/// Writes the tensors of all files, one per line. If `shares_segment` is true, the bytes and the code lengths of streams
/// are shares of the segment.
pub fn write_tensors(reports: &[FileReport], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{TENSOR_COLUMNS}\r\n")?;
    for report in reports {
        let mut segment_of = std::collections::HashMap::new();
        for (number, segment) in report.bounds.ledger.segments.iter().enumerate() {
            segment_of.extend(segment.members.iter().map(|&member| (member, number)));
        }
        for tensor in &report.tensors {
            let statistics = report.bounds.statistics.get(tensor.ordinal).and_then(Option::as_ref);
            let moment = |of: fn(&TensorStatistics) -> Option<f64>| shown(statistics.and_then(of));
            let length = |of: fn(&TensorLengths) -> f64| shown(tensor.lengths.as_ref().map(of));
            let best = statistics.and_then(|statistics| statistics.priors.best());
            let shape: Vec<String> = tensor.shape.iter().map(u64::to_string).collect();
            let fields = [
                quoted(&report.file),
                quoted(&tensor.name),
                tensor.dtype.name().to_owned(),
                shape.join("x"),
                tensor.elements.to_string(),
                shown(segment_of.get(&tensor.ordinal)),
                tensor.shares_segment.to_string(),
                tensor.bytes.to_string(),
                shown(statistics.and_then(|statistics| statistics.distinct_values)),
                moment(|statistics| statistics.value_entropy_bits),
                length(|lengths| lengths.order0_bits),
                length(|lengths| lengths.conditional_bits),
                length(|lengths| lengths.kt_bits),
                length(|lengths| lengths.model_bits),
                length(|lengths| lengths.raw_bits.round()),
                moment(|statistics| statistics.zero_share),
                moment(|statistics| statistics.mean),
                moment(|statistics| statistics.deviation),
                moment(|statistics| statistics.kurtosis),
                best.map_or_else(String::new, |prior| prior.kind.name().to_owned()),
                shown(best.map(|prior| prior.bits)),
                shown(best.and(statistics).map(|statistics| statistics.priors.step)),
                shown(tensor.bits_back.as_ref().map(tersor::priors::BitsBack::bits)),
            ];
            write!(out, "{}\r\n", fields.join(","))?;
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
