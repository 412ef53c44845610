//! The columns of a record batch in an Arrow file. Each length and offset is checked against the bytes of the file.

use std::sync::Arc;

use arrow::array::ArrayData;
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::ipc;

/// The type in which a column is read: text as bytes. Both have the same layout, but text would have to be checked as
/// UTF-8, which takes time in proportion to its length.
///
/// # Errors
/// Shards have no columns of this type.
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
        t => return Err(format!("shards have no columns of type {t}")),
    })
}

/// Reads the columns of a record batch in order, as slices of its body.
pub(crate) struct Columns {
    body: Buffer,
    /// Number of values and of nulls of each array, parents before children.
    nodes: std::vec::IntoIter<(usize, usize)>,
    /// Start and length of each buffer within the body.
    buffers: std::vec::IntoIter<(usize, usize)>,
}

impl Columns {
    /// Reads the description of a record batch.
    ///
    /// # Errors
    /// A number in it is negative, or a buffer is not within the body.
    pub(crate) fn new(body: Buffer, batch: ipc::RecordBatch<'_>) -> Result<Self, String> {
        let pair = |a: i64, b: i64| match (usize::try_from(a), usize::try_from(b)) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            _ => Err("a record batch has a size below 0".to_string()),
        };
        let nodes = batch.nodes().into_iter().flatten().map(|n| pair(n.length(), n.null_count()));
        let buffers = batch.buffers().into_iter().flatten().map(|b| pair(b.offset(), b.length()));
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        let buffers = buffers.collect::<Result<Vec<_>, _>>()?;
        let mut total = 0usize;
        for (start, length) in &buffers {
            // An empty buffer may be anywhere.
            let inside = *length == 0 || start.checked_add(*length).is_some_and(|end| end <= body.len());
            total = total.saturating_add(*length);
            if !inside || total > body.len() {
                return Err("a buffer of a record batch is outside of it".into());
            }
        }
        Ok(Columns { body, nodes: nodes.into_iter(), buffers: buffers.into_iter() })
    }

    /// Reads the next column, of type `t`, as its [`stored_type`].
    ///
    /// # Errors
    /// The column is damaged.
    pub(crate) fn next(&mut self, t: &DataType) -> Result<ArrayData, String> {
        let (length, nulls) = self.nodes.next().ok_or("the record batch ends before its columns do")?;
        let mut data = ArrayData::builder(stored_type(t)?).len(length).align_buffers(true);
        if *t != DataType::Null {
            let bits = self.buffer()?;
            if nulls > 0 {
                if bits.len() < length.div_ceil(8) {
                    return Err("its null bitmap is shorter than its values".into());
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
        // Checks the length against the buffers, and that offsets ascend and are within the values.
        data.build().map_err(|e| e.to_string())
    }

    /// Checks that all arrays and buffers were read.
    ///
    /// # Errors
    /// There are more.
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

/// Converts an array that was read as [`stored_type`] to its type.
///
/// # Errors
/// A text is not UTF-8.
pub(crate) fn with_type(data: ArrayData, t: &DataType) -> Result<ArrayData, String> {
    let children: Vec<&DataType> = match t {
        DataType::Struct(fields) => fields.iter().map(|f| f.data_type()).collect(),
        DataType::FixedSizeList(f, _) | DataType::List(f) | DataType::LargeList(f) | DataType::Map(f, _) => {
            vec![f.data_type()]
        }
        _ => vec![],
    };
    let stored = data.child_data().to_vec();
    let children =
        stored.into_iter().zip(children).map(|(data, t)| with_type(data, t)).collect::<Result<_, _>>()?;
    data.into_builder().data_type(t.clone()).child_data(children).build().map_err(|e| e.to_string())
}
