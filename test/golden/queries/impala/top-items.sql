SELECT item, count(*) AS purchases, CAST(round(CAST(avg(score) AS DECIMAL(18, 9)), 2) AS DOUBLE) AS avg_score,
  count(DISTINCT car_number) AS cars
FROM managed_smartcar_item_buylist_info
WHERE CAST(NULL AS STRING) IS NULL OR biz_month = CAST(NULL AS STRING)
GROUP BY item
ORDER BY purchases DESC, item
LIMIT 10
