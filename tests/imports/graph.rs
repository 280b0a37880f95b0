//! A directed graph whose edges carry reasons, and its cycles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Default)]
pub struct Graph {
    /// The first reason of each edge, by its start and its end.
    edges: BTreeMap<String, BTreeMap<String, String>>,
}

impl Graph {
    /// Adds an edge unless it leads from a node to itself.
    pub fn add(&mut self, from: &str, to: &str, reason: String) {
        if from != to {
            self.edges.entry(from.to_owned()).or_default().entry(to.to_owned()).or_insert(reason);
        }
    }

    /// Returns a shortest cycle, with the reasons of its edges, through each wanted node that has one and is in no
    /// cycle returned before it.
    pub fn cycles(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut shown = BTreeSet::new();
        let mut cycles = Vec::new();
        for node in self.edges.keys() {
            if !is_wanted(node) || shown.contains(&**node) {
                continue;
            }
            if let Some(cycle) = self.shortest_cycle(node) {
                let mut text = cycle.join(" -> ") + "\n";
                for edge in cycle.windows(2) {
                    text += &format!("    {}\n", self.edges[edge[0]][edge[1]]);
                }
                cycles.push(text);
                shown.extend(cycle);
            }
        }
        cycles
    }

    /// Searches breadth first for a way from `node` back to itself.
    fn shortest_cycle<'a>(&'a self, node: &'a str) -> Option<Vec<&'a str>> {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([node]);
        while let Some(from) = queue.pop_front() {
            for to in self.edges.get(from).into_iter().flat_map(BTreeMap::keys) {
                if to == node {
                    let mut cycle = vec![node, from];
                    while *cycle.last().unwrap() != node {
                        cycle.push(before[cycle.last().unwrap()]);
                    }
                    cycle.reverse();
                    return Some(cycle);
                }
                if !before.contains_key(&**to) {
                    before.insert(to, from);
                    queue.push_back(to);
                }
            }
        }
        None
    }
}
