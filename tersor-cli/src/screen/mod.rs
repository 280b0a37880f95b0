//! Output for the user: messages, tables, numbers, the progress bar and JSON lists.

pub mod bar;
pub mod failure;
pub mod json;
pub mod json_list;
pub mod lines;
pub mod print;
pub mod table;
pub mod words;
