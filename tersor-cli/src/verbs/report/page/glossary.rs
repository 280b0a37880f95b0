//! The meaning and the source of the terms of the page.

/// The terms, their meanings and their sources.
const TERMS: [(&str, &str, &str); 22] = [
    (
        "Code length",
        "the number of bits that a code uses; \u{2212}log2 of the probability for an ideal code",
        "Shannon 1948",
    ),
    ("Order-0 entropy", "the shortest code length of independent symbols with known frequencies", "Shannon 1948"),
    ("Conditional entropy", "the shortest code length if the frequencies in each context are known", "Shannon 1948"),
    (
        "Modelling gain",
        "order-0 entropy minus conditional entropy: the mutual information of symbols and contexts",
        "Shannon 1948",
    ),
    (
        "Adaptive (KT)",
        "the code length of a coder that estimates frequencies from the previous symbols and adds one half to each count; it exceeds the entropy by about (log2 n)/2 for each free parameter",
        "Krichevsky and Trofimov 1981",
    ),
    (
        "Two-part code",
        "the frequencies, then the symbols coded with them: the minimum description length",
        "Rissanen 1978, 1983",
    ),
    (
        "Model excess",
        "the code length of the model minus the conditional entropy: a divergence between distributions",
        "Kullback and Leibler 1951",
    ),
    (
        "Coder overhead",
        "the output of a coder beyond the code length of its model",
        "Rissanen 1976 (arithmetic), Martin 1979 (range), Duda 2009 (ANS)",
    ),
    (
        "Side information",
        "tables, classes, codebooks and scales: the data that a decoder needs for the model",
        "Rissanen 1978",
    ),
    ("Framing", "everything else: the data for checking the file and for reading parts of it", "the specification"),
    (
        "Efficiency",
        "the code length of the model plus the raw bits, divided by the size of the file; without raw bits: the code length of the model divided by the rest of the file",
        "",
    ),
    ("Raw bits", "the size of the streams without a model: stored as they are, or compressed with zstd", ""),
    (
        "Entropy of the values",
        "the order-0 entropy of a tensor's values as they are, which does not depend on how they are encoded; not shown for more than 65,536 distinct values",
        "Shannon 1948",
    ),
    ("Uniform prior", "all multiples of the step within the range are equally likely", "Laplace 1812"),
    ("Gaussian prior", "a normal distribution, integrated over each step", "Gauss 1809"),
    ("Laplace prior", "an exponential distribution on both sides of the median", "Laplace 1774"),
    ("Mixture prior", "a mixture of several Gaussians: soft weight sharing", "Nowlan and Hinton 1992"),
    ("Codebook prior", "a list of few values, and an index for each weight", "Han, Mao and Dally 2016"),
    ("Pruned prior", "a mask of the nonzero weights, and a distribution for their values", "Han, Mao and Dally 2016"),
    (
        "Bits back",
        "if weights are needed only up to a posterior distribution, they cost its divergence from the prior",
        "Wallace 1990; Hinton and van Camp 1993",
    ),
    (
        "Occam bound",
        "the training error is close to the true error if the description is short compared with the number of samples",
        "Blumer, Ehrenfeucht, Haussler and Warmuth 1987",
    ),
    (
        "PAC-Bayes bound",
        "the same for a posterior distribution and its divergence from a prior",
        "McAllester 1999; Seeger 2002; Maurer 2004",
    ),
];

/// Returns the footer of every page.
pub fn render() -> String {
    let terms: String = TERMS
        .iter()
        .map(|(term, meaning, source)| {
            let source =
                if source.is_empty() { String::new() } else { format!(" <span class=\"says\">({source})</span>") };
            format!("<div><dt>{term}</dt><dd>{meaning}{source}</dd></div>\n")
        })
        .collect();
    format!("<footer id=\"terms\">\n<h2>Terms</h2>\n<dl class=\"terms\">\n{terms}</dl>\n</footer>\n")
}
