WITH averages AS (
  SELECT area_number, car_number, avg(speed) AS avg_speed, count(*) AS row_count
  FROM managed_smartcar_drive_info
  WHERE CAST(NULL AS STRING) IS NULL OR biz_date = CAST(NULL AS STRING)
  GROUP BY area_number, car_number
), ranked AS (
  SELECT area_number, car_number, avg_speed, row_count,
    rank() OVER (PARTITION BY area_number ORDER BY avg_speed DESC) AS area_rank
  FROM averages
)
SELECT area_number, area_rank, car_number, CAST(round(CAST(avg_speed AS DECIMAL(18, 9)), 2) AS DOUBLE) AS avg_speed, row_count
FROM ranked
WHERE area_rank <= 1
ORDER BY area_number, area_rank, car_number
