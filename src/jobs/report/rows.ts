import type { Warehouse } from '../../engines/duckdb/warehouse.js'

/** What the report asks of the warehouse: rows of a SELECT, checked by a schema. Tables without data are empty. */
export type Rows = Pick<Warehouse, 'rows'>
