"""`python -m gateway.foundation.parquet FILE`: write a Parquet file to standard output as CSV, all columns as text."""

import sys

import pyarrow as pa
from pyarrow import csv, parquet


def main(file: str) -> None:
    """Write the file batch by batch, so that memory does not follow its length."""
    source = parquet.ParquetFile(file)
    schema = pa.schema([(name, pa.string()) for name in source.schema_arrow.names])
    with csv.CSVWriter(sys.stdout.buffer, schema) as writer:
        for batch in source.iter_batches():
            columns = [column.cast(pa.string()) for column in batch.columns]
            writer.write_batch(pa.record_batch(columns, schema=schema))


if __name__ == "__main__":
    main(sys.argv[1])
