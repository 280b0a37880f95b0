//! Input and output files: mapping models, writing files that appear only when they are complete, removing temporary
//! files.

pub mod attributes;
pub mod cleanup;
pub mod container_index;
pub mod folder;
pub mod index_json;
pub mod input;
pub mod model;
pub mod model_folder;
pub mod ordered;
pub mod output;
pub mod pipe;
pub mod remote;
pub mod source;
pub mod temporary;
pub mod tree;
