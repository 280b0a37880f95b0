//! What the terms of the page mean, and who introduced them.

/// Term, meaning, source.
const TERMS: [(&str, &str, &str); 20] = [
    ("Code length", "bits that a code spends on what it codes; \u{2212}log2 of a probability at best", "Shannon 1948"),
    ("Order-0 entropy", "the least code length of independent symbols whose frequencies are known", "Shannon 1948"),
    ("Conditional entropy", "the same where the frequencies in each context are known", "Shannon 1948"),
    (
        "Modelling gain",
        "order-0 entropy less conditional entropy: the mutual information of symbols and contexts",
        "Shannon 1948",
    ),
    (
        "Learnt (KT)",
        "code length of a coder that knows no frequency beforehand and adds one half to each count; about half of log2 n for each free parameter above the entropy",
        "Krichevsky and Trofimov 1981",
    ),
    (
        "Two-part code",
        "frequencies first, then the symbols under them: the minimum description length",
        "Rissanen 1978, 1983",
    ),
    (
        "Model excess",
        "the model's code length less the conditional entropy: a divergence between distributions",
        "Kullback and Leibler 1951",
    ),
    (
        "Coder overhead",
        "what a coder writes beyond its model's code length",
        "Rissanen 1976 (arithmetic), Martin 1979 (range), Duda 2009 (ANS)",
    ),
    (
        "Side information",
        "tables, classes, codebooks and scales: what a decoder must be told to use the model",
        "Rissanen 1978",
    ),
    (
        "Framing",
        "everything else: what makes it a file that can be checked and read in pieces",
        "the specification, sections 3 to 14",
    ),
    ("Efficiency", "the model's code length, with what has no model, divided by the whole file", ""),
    ("Uniform prior", "every multiple of the step within the range is as likely", "Laplace 1812"),
    ("Gaussian prior", "the normal distribution, integrated over each step", "Gauss 1809"),
    ("Laplace prior", "an exponential to either side", "Laplace 1774"),
    ("Mixture prior", "several Gaussians: soft weight sharing", "Nowlan and Hinton 1992"),
    ("Codebook prior", "few values, listed, and an index for each weight", "Han, Mao and Dally 2016"),
    ("Pruned prior", "a mask of what is not zero, and a distribution for the rest", "Han, Mao and Dally 2016"),
    (
        "Bits back",
        "weights that need only be known to within a posterior cost its divergence from the prior",
        "Wallace 1990; Hinton and van Camp 1993",
    ),
    (
        "Occam bound",
        "training error is close to true error if the description is short beside the samples",
        "Blumer, Ehrenfeucht, Haussler and Warmuth 1987",
    ),
    (
        "PAC-Bayes bound",
        "the same for a posterior and its divergence from a prior",
        "McAllester 1999; Seeger 2002; Maurer 2004",
    ),
];

/// The foot of every page.
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
