SELECT table_name, partition_value, row_count FROM (
  SELECT 1 AS place, 'smartcar_master' AS table_name, CAST(NULL AS STRING) AS partition_value, count(*) AS row_count FROM smartcar_master
  UNION ALL SELECT 2, 'smartcar_master_over18', CAST(NULL AS STRING), count(*) FROM smartcar_master_over18
  UNION ALL SELECT 3, 'smartcar_status_info', wrk_date, count(*) FROM smartcar_status_info GROUP BY wrk_date
  UNION ALL SELECT 4, 'smartcar_drive_info_2', wrk_date, count(*) FROM smartcar_drive_info_2 GROUP BY wrk_date
  UNION ALL SELECT 5, 'smartcar_item_buylist', month, count(*) FROM smartcar_item_buylist GROUP BY month
  UNION ALL SELECT 6, 'speeding_alerts', day, count(*) FROM speeding_alerts GROUP BY day
  UNION ALL SELECT 7, 'managed_smartcar_status_info', biz_date, count(*) FROM managed_smartcar_status_info GROUP BY biz_date
  UNION ALL SELECT 8, 'managed_smartcar_drive_info', biz_date, count(*) FROM managed_smartcar_drive_info GROUP BY biz_date
  UNION ALL SELECT 9, 'managed_smartcar_symptom_info', biz_date, count(*) FROM managed_smartcar_symptom_info GROUP BY biz_date
  UNION ALL SELECT 10, 'managed_smartcar_emergency_check_info', biz_date, count(*)
    FROM managed_smartcar_emergency_check_info GROUP BY biz_date
  UNION ALL SELECT 11, 'managed_smartcar_item_buylist_info', biz_month, count(*)
    FROM managed_smartcar_item_buylist_info GROUP BY biz_month
) counted
WHERE row_count > 0
ORDER BY place, partition_value
