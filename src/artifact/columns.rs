//! The columns of a record batch in an Arrow file, each value of its description compared with what is there.

use std::sync::Arc;

use arrow::array::ArrayData;
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::ipc;

/// The type by which a column is read: text as bytes. Both have the same layout, and bytes need no proof that takes
/// time in proportion to the text.
///
/// # Errors
/// It is a type that no shard has.
pub(crate) fn stored_type(t: &DataType) -> Result<DataType, String> {
    let field = |f: &FieldRef| -> Result<FieldRef, String> {
        Ok(Arc::new(Field::new(f.name(), stored_type(f.data_type())?, f.is_nullable())))
    };
    Ok(match t {
        DataType::Utf8 => DataType::Binary,
        DataType::LargeUtf8 => DataType::LargeBinary,
        DataType::List(f) => DataType::List(field(f)?),
        DataType::LargeList(f) => DataType::LargeList(field(f)?),
        DataType::FixedSizeList(f, n) if *n >= 0 => DataType::FixedSizeList(field(f)?, *n),
        DataType::Map(f, sorted) => DataType::Map(field(f)?, *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect::<Result<_, _>>()?),
        DataType::FixedSizeBinary(n) if *n >= 0 => t.clone(),
        DataType::Binary | DataType::LargeBinary | DataType::Boolean | DataType::Null => t.clone(),
        t if t.is_primitive() => t.clone(),
        t => return Err(format!("no shard has columns of type {t}")),
    })
}

/// The columns of a record batch, one after another, as slices of its body.
pub(crate) struct Columns {
    body: Buffer,
    /// Values and nulls of each array, parents before children.
    nodes: std::vec::IntoIter<(usize, usize)>,
    /// Start and length within the body.
    buffers: std::vec::IntoIter<(usize, usize)>,
}

impl Columns {
    /// Reads the description of a record batch.
    ///
    /// # Errors
    /// A number in it is negative, or leads out of the body.
    pub(crate) fn new(body: Buffer, batch: ipc::RecordBatch<'_>) -> Result<Self, String> {
        let pair = |a: i64, b: i64| match (usize::try_from(a), usize::try_from(b)) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            _ => Err("a record batch names a size below 0".to_string()),
        };
        let nodes = batch.nodes().into_iter().flatten().map(|n| pair(n.length(), n.null_count()));
        let buffers = batch.buffers().into_iter().flatten().map(|b| pair(b.offset(), b.length()));
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        let buffers = buffers.collect::<Result<Vec<_>, _>>()?;
        let mut held = 0usize;
        for (start, length) in &buffers {
            // Those of nothing may lie anywhere.
            let inside = *length == 0 || start.checked_add(*length).is_some_and(|end| end <= body.len());
            held = held.saturating_add(*length);
            if !inside || held > body.len() {
                return Err("a buffer of a record batch lies outside of it".into());
            }
        }
        Ok(Columns { body, nodes: nodes.into_iter(), buffers: buffers.into_iter() })
    }

    /// The next column, whose type is `t`, in the type of [`stored_type`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn next(&mut self, t: &DataType) -> Result<ArrayData, String> {
        let (length, nulls) = self.nodes.next().ok_or("the record batch ends before its columns do")?;
        let mut data = ArrayData::builder(stored_type(t)?).len(length).align_buffers(true);
        if *t != DataType::Null {
            let bits = self.buffer()?;
            if nulls > 0 {
                if bits.len() < length.div_ceil(8) {
                    return Err("it has fewer bits for nulls than values".into());
                }
                data = data.null_bit_buffer(Some(bits));
            }
        }
        match t {
            DataType::Null => {}
            DataType::Struct(fields) => {
                for field in fields {
                    data = data.add_child_data(self.next(field.data_type())?);
                }
            }
            DataType::FixedSizeList(field, _) => data = data.add_child_data(self.next(field.data_type())?),
            DataType::List(field) | DataType::LargeList(field) | DataType::Map(field, _) => {
                data = data.add_buffer(self.buffer()?);
                data = data.add_child_data(self.next(field.data_type())?);
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => {
                data = data.add_buffer(self.buffer()?).add_buffer(self.buffer()?);
            }
            _ => data = data.add_buffer(self.buffer()?),
        }
        // Compares the length with the buffers, and every offset with the one before it and with the end.
        data.build().map_err(|e| e.to_string())
    }

    /// Nothing is left that no column has named.
    ///
    /// # Errors
    /// Something is.
    pub(crate) fn finish(mut self) -> Result<(), String> {
        match (self.nodes.next(), self.buffers.next()) {
            (None, None) => Ok(()),
            _ => Err("a record batch has more columns than the schema".into()),
        }
    }

    fn buffer(&mut self) -> Result<Buffer, String> {
        let (start, length) = self.buffers.next().ok_or("the record batch ends before its columns do")?;
        Ok(if length == 0 { Buffer::default() } else { self.body.slice_with_length(start, length) })
    }
}

/// An array that was read as [`stored_type`], in its own type.
///
/// # Errors
/// A text is not UTF-8.
pub(crate) fn typed(data: ArrayData, t: &DataType) -> Result<ArrayData, String> {
    let children: Vec<&DataType> = match t {
        DataType::Struct(fields) => fields.iter().map(|f| f.data_type()).collect(),
        DataType::FixedSizeList(f, _) | DataType::List(f) | DataType::LargeList(f) | DataType::Map(f, _) => {
            vec![f.data_type()]
        }
        _ => vec![],
    };
    let stored = data.child_data().to_vec();
    let children =
        stored.into_iter().zip(children).map(|(data, t)| typed(data, t)).collect::<Result<_, _>>()?;
    data.into_builder().data_type(t.clone()).child_data(children).build().map_err(|e| e.to_string())
}
