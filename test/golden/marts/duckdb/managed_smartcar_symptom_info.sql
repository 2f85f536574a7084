CREATE OR REPLACE VIEW "managed_smartcar_symptom_info" AS
SELECT "car_number", "speed_p_avg", "speed_p_symptom", "break_p_avg", "break_p_symptom", "steer_a_cnt", "steer_p_symptom", "biz_date"
FROM read_parquet(['warehouse/managed_smartcar_symptom_info/biz_date=*/managed_smartcar_symptom_info.parquet'], hive_partitioning = true, hive_types = {'biz_date': 'VARCHAR'});

COPY (
SELECT
  s.car_number,
  s.speed_p_avg, CASE WHEN ROUND(ABS(s.speed_p_score), 9) > 2 THEN 'abnormal' ELSE 'normal' END AS speed_p_symptom,
  s.break_p_avg, CASE WHEN ROUND(ABS(s.break_p_score), 9) > 2 THEN 'abnormal' ELSE 'normal' END AS break_p_symptom,
  s.steer_a_cnt, CASE WHEN s.steer_a_cnt > 2000 THEN 'abnormal' ELSE 'normal' END AS steer_p_symptom
FROM "smartcar_symptom_scores" s
WHERE s.biz_date = '${biz_date}'
) TO 'warehouse/managed_smartcar_symptom_info/biz_date=${biz_date}/managed_smartcar_symptom_info.parquet' (FORMAT parquet, COMPRESSION zstd);
