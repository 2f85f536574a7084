/** Files of the shared data that the batch side works on. */
export const batchInputs = [
  'CarMaster.txt',
  'CarItemBuyList_202003.txt',
  'SmartCarStatusInfo_20200322.txt.gz',
  'SmartCarDriverInfo.log.gz',
] as const

/** Rows of the marts on the shared data, as the embedded profile's acceptance has them. */
export const batchAcceptance = {
  'managed_smartcar_status_info 20200322': 108_005,
  'managed_smartcar_drive_info 20200322': 216_005,
  'managed_smartcar_symptom_info 20200322': 5,
  'managed_smartcar_emergency_check_info 20200322': 2,
  'managed_smartcar_item_buylist_info 202003': 94_178,
} as const
