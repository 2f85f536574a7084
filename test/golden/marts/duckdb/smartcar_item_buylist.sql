CREATE OR REPLACE VIEW "smartcar_item_buylist" AS
SELECT "car_number", "item", "score", "month"
FROM read_csv(['lake/buy-list/*.log'], columns = {'car_number': 'VARCHAR', 'item': 'VARCHAR', 'score': 'INTEGER', 'month': 'VARCHAR'}, delim = ',', header = false, auto_detect = false, quote = '', escape = '', strict_mode = false, hive_partitioning = false, filename = false);
