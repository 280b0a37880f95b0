//! How the symbols of a field or a mask are coded (section 8.1): the list of codings. A new coding needs its model, and
//! a line in each list of this file.

use super::contexts::ContextSource;
use super::models::RawBits;
use super::stream::SymbolModel;
use super::values::SymbolShape;
use crate::coders::{BitsModel, Geometry, KeptModel, LaneModel, MixedModel};
use crate::error::{Error, Result};
use crate::spec::MAX_SYMBOL_BITS;
use crate::wire::Cursor;

/// A coding: a model of symbols and, for some, the source of its contexts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Packed bits.
    Raw,
    /// All symbols have this value; nothing is stored.
    Constant(u16),
    /// The lane coder.
    Lanes(ContextSource, LaneModel),
    /// The bits coder.
    Bits(ContextSource, BitsModel),
    /// Mixing, for fields.
    Mixed(ContextSource, MixedModel),
    /// Mixing, for masks.
    MixedMask(Geometry),
    /// Mixing, for the first field of kept values.
    MixedKept(KeptModel),
}

/// The input that the parameters of a coding are checked against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodingInput<'a> {
    /// Bits of a symbol.
    pub(crate) width: u32,
    /// The number of class fields of the segment.
    pub(crate) class_fields: usize,
    /// The widths of the fields before this one.
    pub(crate) earlier: &'a [u32],
    /// Whether the field comes behind a mask.
    pub(crate) is_masked: bool,
}

impl Coding {
    /// Returns the code on the wire.
    fn code(&self) -> u8 {
        match self {
            Self::Raw => 0,
            Self::Constant(_) => 1,
            Self::Lanes(..) => 2,
            Self::Bits(..) => 3,
            Self::Mixed(..) => 4,
            Self::MixedMask(_) => 5,
            Self::MixedKept(_) => 6,
        }
    }

    /// Returns the model.
    pub(crate) fn model(&self) -> &dyn SymbolModel {
        match self {
            Self::Raw => &RawBits,
            Self::Constant(value) => value,
            Self::Lanes(_, model) => model,
            Self::Bits(_, model) => model,
            Self::Mixed(_, model) => model,
            Self::MixedMask(geometry) => geometry,
            Self::MixedKept(model) => model,
        }
    }

    /// Returns where the contexts come from.
    pub(crate) fn source(&self) -> &ContextSource {
        match self {
            Self::Lanes(source, _) | Self::Bits(source, _) | Self::Mixed(source, _) => source,
            Self::Raw | Self::Constant(_) | Self::MixedMask(_) | Self::MixedKept(_) => &ContextSource::None,
        }
    }

    /// Returns where the contexts come from, if the coding can have several.
    pub(crate) fn source_mut(&mut self) -> Option<&mut ContextSource> {
        match self {
            Self::Lanes(source, _) | Self::Bits(source, _) | Self::Mixed(source, _) => Some(source),
            Self::Raw | Self::Constant(_) | Self::MixedMask(_) | Self::MixedKept(_) => None,
        }
    }

    /// Returns the name that is shown in tables, with the number of contexts if there are several.
    pub(crate) fn name(&self) -> String {
        let name = self.model().name();
        match self.source().contexts() {
            1 => name.to_owned(),
            contexts => format!("{name}/{contexts}"),
        }
    }

    /// Returns the number of distances to the symbols that predict a symbol of a mixed field.
    pub(crate) fn distances(&self) -> usize {
        match self {
            Self::Mixed(_, model) => model.distances.len(),
            _ => 0,
        }
    }

    /// Whether symbols are predicted by mixing.
    pub(crate) fn is_mixed(&self) -> bool {
        self.model().is_mixed()
    }

    /// Appends the code, the source of contexts, and the parameters of the model.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.code());
        if let Self::Lanes(source, _) | Self::Bits(source, _) | Self::Mixed(source, _) = self {
            source.write(out);
        }
        self.model().write(out);
    }

    /// Reads the coding of a mask's symbols.
    pub(crate) fn read_of_mask(cursor: &mut Cursor<'_>, shape: SymbolShape, class_fields: usize) -> Result<Self> {
        let start = cursor.clone();
        if cursor.clone().u8()? == 5 {
            cursor.u8()?;
            return match shape {
                SymbolShape::SINGLE => Geometry::read(cursor).map(Self::MixedMask),
                _ => Err(start.place(Error::corrupt("mixing needs mask symbols of one bit"))),
            };
        }
        let input = CodingInput { width: shape.group, class_fields, earlier: &[], is_masked: false };
        match Self::read(cursor, &input)? {
            Self::Mixed(..) => Err(start.place(Error::corrupt("coding 4 is not for masks"))),
            coding => Ok(coding),
        }
    }

    /// Reads the coding of labels of `width` bits.
    pub(crate) fn read_of_labels(cursor: &mut Cursor<'_>, width: u32, class_fields: usize) -> Result<Self> {
        let start = cursor.clone();
        let input = CodingInput { width, class_fields, earlier: &[], is_masked: false };
        match Self::read(cursor, &input)? {
            Self::Mixed(..) => Err(start.place(Error::corrupt("coding 4 is not for labels"))),
            coding => Ok(coding),
        }
    }

    /// Reads the coding of a field.
    pub(crate) fn read(cursor: &mut Cursor<'_>, input: &CodingInput<'_>) -> Result<Self> {
        let &CodingInput { width, class_fields, earlier, is_masked } = input;
        let start = cursor.clone();
        let code = cursor.u8()?;
        if (2..=4).contains(&code) && width > MAX_SYMBOL_BITS {
            return Err(cursor.place(Error::corrupt(format!("a coded field of {width} bits is too wide"))));
        }
        let read_source = |cursor: &mut Cursor<'_>| ContextSource::read(cursor, class_fields, earlier);
        match code {
            0 => Ok(Self::Raw),
            1 => match cursor.varint()? {
                value if value < 1 << width => Ok(Self::Constant(value as u16)),
                value => Err(cursor.place(Error::corrupt(format!("constant {value} in {width} bits")))),
            },
            2 => {
                let source = read_source(cursor)?;
                let model = LaneModel::read(cursor, width, source.contexts())?;
                Ok(Self::Lanes(source, model))
            }
            3 => {
                let source = read_source(cursor)?;
                let model = BitsModel::read(cursor, width, source.contexts())?;
                Ok(Self::Bits(source, model))
            }
            4 => {
                let source = read_source(cursor)?;
                let model = MixedModel::read(cursor, width, source.contexts())?;
                Ok(Self::Mixed(source, model))
            }
            5 => Err(start.place(Error::corrupt("coding 5 is only for masks"))),
            6 if !is_masked || !earlier.is_empty() => {
                Err(start.place(Error::corrupt("coding 6 is only for the first field behind a mask")))
            }
            6 => KeptModel::read(cursor, width).map(Self::MixedKept),
            _ => Err(start.place(Error::unsupported(format!("the coding {code} is unknown")))),
        }
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.model().memory() + self.source().memory()
    }
}

/// A field: adjacent bits of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The number of bits.
    pub(crate) width: u32,
    pub(crate) coding: Coding,
}
