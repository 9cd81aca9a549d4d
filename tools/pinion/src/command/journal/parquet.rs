//! A table in a Parquet file: typed columns, groups of rows, snappy.
//!
//! Owns the schema and one group's cells; every column may be null. An amount of money is two columns, the
//! number and `<name>_currency`.

use super::columns::{Column, Type};
use crate::failure::Failure;
use ::parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::Type as Schema;
use jiff::Timestamp;
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;

/// Rows of a group: what is in memory at once.
const GROUP_ROWS: usize = 1 << 16;

/// Cells of a column in the group that is being filled; `levels` says for each row whether there is one.
struct Cells {
    of: Type,
    levels: Vec<i16>,
    whole: Vec<i64>,
    number: Vec<f64>,
    flag: Vec<bool>,
    text: Vec<ByteArray>,
    /// The currency of each amount.
    currency: Vec<ByteArray>,
}

/// A table that is being written.
pub struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Cells>,
    rows: usize,
}

impl From<ParquetError> for Failure {
    fn from(error: ParquetError) -> Self {
        Failure::Run(format!("error: {error}"))
    }
}

impl<W: Write + Send> Table<W> {
    /// A table with these columns.
    pub fn new(out: W, columns: &[Column]) -> Result<Table<W>, Failure> {
        let mut fields = Vec::new();
        for column in columns {
            fields.push(Arc::new(field(column.name, column.of)?));
            if column.of == Type::Money {
                fields.push(Arc::new(field(&format!("{}_currency", column.name), Type::Text)?));
            }
        }
        let schema = Schema::group_type_builder("record").with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
        let cells = |column: &Column| Cells {
            of: column.of,
            levels: Vec::new(),
            whole: Vec::new(),
            number: Vec::new(),
            flag: Vec::new(),
            text: Vec::new(),
            currency: Vec::new(),
        };
        Ok(Table { writer, columns: columns.iter().map(cells).collect(), rows: 0 })
    }

    /// Adds a row.
    pub fn put(&mut self, cells: &[Option<Value>]) -> Result<(), Failure> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.put(cell.as_ref());
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> Result<(), Failure> {
        self.rows = 0;
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let levels = Some(&column.levels[..]);
            let Some(mut out) = group.next_column()? else { break };
            match column.of {
                Type::Whole | Type::Time => {
                    out.typed::<Int64Type>().write_batch(&column.whole, levels, None)?;
                }
                Type::Flag => {
                    out.typed::<BoolType>().write_batch(&column.flag, levels, None)?;
                }
                Type::Number | Type::Money => {
                    out.typed::<DoubleType>().write_batch(&column.number, levels, None)?;
                }
                Type::Text => {
                    out.typed::<ByteArrayType>().write_batch(&column.text, levels, None)?;
                }
            }
            out.close()?;
            if column.of == Type::Money
                && let Some(mut out) = group.next_column()?
            {
                out.typed::<ByteArrayType>().write_batch(&column.currency, levels, None)?;
                out.close()?;
            }
            column.clear();
        }
        group.close()?;
        Ok(())
    }

    /// Writes what is left and the file's footer.
    pub fn finish(mut self) -> Result<(), Failure> {
        if self.rows > 0 {
            self.group()?;
        }
        self.writer.close()?;
        Ok(())
    }
}

fn field(name: &str, of: Type) -> Result<Schema, ParquetError> {
    let (physical, logical) = match of {
        Type::Whole => (Physical::INT64, None),
        Type::Time => {
            let unit = ::parquet::basic::TimeUnit::NANOS;
            (Physical::INT64, Some(LogicalType::timestamp(true, unit)))
        }
        Type::Flag => (Physical::BOOLEAN, None),
        Type::Number | Type::Money => (Physical::DOUBLE, None),
        Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Schema::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .build()
}

impl Cells {
    /// Adds a cell; what is not of the column's type is null.
    fn put(&mut self, cell: Option<&Value>) {
        let is_there = cell.is_some_and(|cell| self.add(cell).is_some());
        self.levels.push(i16::from(is_there));
    }

    fn add(&mut self, cell: &Value) -> Option<()> {
        match self.of {
            Type::Whole => self.whole.push(cell.as_u64()? as i64),
            Type::Time => self.whole.push(cell.as_str()?.parse::<Timestamp>().ok()?.as_nanosecond() as i64),
            Type::Flag => self.flag.push(cell.as_bool()?),
            Type::Number => self.number.push(cell.as_str()?.parse().ok()?),
            Type::Money => {
                let (number, currency) = cell.as_str()?.split_once(' ')?;
                self.number.push(number.parse().ok()?);
                self.currency.push(currency.into());
            }
            Type::Text => self.text.push(super::view::plain(cell).as_str().into()),
        }
        Some(())
    }

    fn clear(&mut self) {
        self.levels.clear();
        self.whole.clear();
        self.number.clear();
        self.flag.clear();
        self.text.clear();
        self.currency.clear();
    }
}
