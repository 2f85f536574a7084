CREATE TABLE IF NOT EXISTS `managed_smartcar_symptom_info` (
  `car_number` STRING COMMENT 'one capital letter and four digits',
  `speed_p_avg` DOUBLE COMMENT 'average of speed_pedal',
  `speed_p_symptom` STRING COMMENT 'abnormal more than 2 deviations from the mean, else normal',
  `break_p_avg` DOUBLE COMMENT 'average of break_pedal',
  `break_p_symptom` STRING COMMENT 'abnormal more than 2 deviations from the mean, else normal',
  `steer_a_cnt` BIGINT COMMENT 'rows with steer_angle L2, L3, R2 or R3',
  `steer_p_symptom` STRING COMMENT 'abnormal above 2,000 such rows, else normal'
)
COMMENT 'how each car was driven on the day, and whether that is abnormal'
PARTITIONED BY (`biz_date` STRING COMMENT 'day of the rows')
STORED AS PARQUET;

INSERT OVERWRITE TABLE `managed_smartcar_symptom_info` PARTITION (`biz_date` = '${biz_date}')
SELECT
  s.car_number,
  s.speed_p_avg, CASE WHEN ROUND(ABS(s.speed_p_score), 9) > 2 THEN 'abnormal' ELSE 'normal' END AS speed_p_symptom,
  s.break_p_avg, CASE WHEN ROUND(ABS(s.break_p_score), 9) > 2 THEN 'abnormal' ELSE 'normal' END AS break_p_symptom,
  s.steer_a_cnt, CASE WHEN s.steer_a_cnt > 2000 THEN 'abnormal' ELSE 'normal' END AS steer_p_symptom
FROM `smartcar_symptom_scores` s
WHERE s.biz_date = '${biz_date}';
