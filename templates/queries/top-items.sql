-- items that were bought most, with their ratings
-- @param month month = null | month of the purchases, all months when left out
-- @param top integer = 10 | how many items
SELECT item, count(*) AS purchases, CAST(round(CAST(avg(score) AS DECIMAL(18, 9)), 2) AS DOUBLE) AS avg_score,
  count(DISTINCT car_number) AS cars
FROM managed_smartcar_item_buylist_info
WHERE $month IS NULL OR biz_month = $month
GROUP BY item
ORDER BY purchases DESC, item
LIMIT $top
