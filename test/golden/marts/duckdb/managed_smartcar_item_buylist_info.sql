CREATE OR REPLACE VIEW "managed_smartcar_item_buylist_info" AS
SELECT "car_number", "sex", "age", "marriage", "region", "job", "car_capacity", "car_year", "car_model", "item", "score", "biz_month"
FROM read_parquet(['warehouse/managed_smartcar_item_buylist_info/biz_month=*/managed_smartcar_item_buylist_info.parquet'], hive_partitioning = true, hive_types = {'biz_month': 'VARCHAR'});

COPY (
SELECT
  m.car_number, m.sex, m.age, m.marriage, m.region, m.job, m.car_capacity, m.car_year, m.car_model,
  b.item, b.score
FROM "smartcar_item_buylist" b
JOIN "smartcar_master_over18" m ON m.car_number = b.car_number
WHERE b."month" = '${biz_month}'
) TO 'warehouse/managed_smartcar_item_buylist_info/biz_month=${biz_month}/managed_smartcar_item_buylist_info.parquet' (FORMAT parquet, COMPRESSION zstd);
