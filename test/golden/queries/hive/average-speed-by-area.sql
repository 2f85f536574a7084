SELECT area_number, CAST(round(CAST(avg(speed) AS DECIMAL(18, 9)), 2) AS DOUBLE) AS avg_speed,
  count(DISTINCT car_number) AS cars, count(*) AS row_count
FROM managed_smartcar_drive_info
WHERE CAST(NULL AS STRING) IS NULL OR biz_date = CAST(NULL AS STRING)
GROUP BY area_number
HAVING avg(speed) > CAST('0' AS DOUBLE)
ORDER BY avg_speed DESC, area_number
