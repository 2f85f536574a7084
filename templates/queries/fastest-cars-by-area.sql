-- the fastest car of each area, by average speed
-- @param day day = null | day of the rows, all days when left out
-- @param rank integer = 1 | how many cars of each area
WITH averages AS (
  SELECT area_number, car_number, avg(speed) AS avg_speed, count(*) AS row_count
  FROM managed_smartcar_drive_info
  WHERE $day IS NULL OR biz_date = $day
  GROUP BY area_number, car_number
), ranked AS (
  SELECT area_number, car_number, avg_speed, row_count,
    rank() OVER (PARTITION BY area_number ORDER BY avg_speed DESC) AS area_rank
  FROM averages
)
SELECT area_number, area_rank, car_number, CAST(round(CAST(avg_speed AS DECIMAL(18, 9)), 2) AS DOUBLE) AS avg_speed, row_count
FROM ranked
WHERE area_rank <= $rank
ORDER BY area_number, area_rank, car_number
