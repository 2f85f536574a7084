import { expect, test } from 'vitest'
import { componentsOf } from '../../../src/jobs/flume/status.js'
import { flumeStatusText } from '../../../src/render/flume.js'

test('counters of each part; one that Flume dropped is missing', () => {
  const components = componentsOf({
    'SOURCE.SmartCarInfo_SpoolSource': { EventAcceptedCount: '1000', Type: 'SOURCE' },
    'CHANNEL.SmartCarInfo_Channel': { EventPutSuccessCount: '1000', ChannelSize: '250', ChannelFillPercentage: '0.25' },
    'SINK.SmartCarInfo_HdfsSink': { EventDrainSuccessCount: '750' },
    'SINK.own': { EventDrainSuccessCount: '1' },
  })
  expect(components).toEqual([
    { kind: 'source', name: 'SmartCarInfo_SpoolSource', missing: false, rows: 1000 },
    { kind: 'source', name: 'DriverCarInfo_TailSource', missing: true, rows: 0 },
    { kind: 'channel', name: 'SmartCarInfo_Channel', missing: false, rows: 1000, waiting: 250, fill: 0.25 },
    { kind: 'channel', name: 'DriverCarInfo_Channel', missing: true, rows: 0 },
    { kind: 'sink', name: 'SmartCarInfo_HdfsSink', missing: false, rows: 750 },
    { kind: 'sink', name: 'DriverCarInfo_KafkaSink', missing: true, rows: 0 },
    { kind: 'sink', name: 'own', missing: false, rows: 1 },
  ])
  const text = flumeStatusText({ agents: [{ host: 'a', state: 'unhealthy', summary: 's', hints: ['h'], components }] })
  expect(text).toContain('channel  SmartCarInfo_Channel')
  expect(text).toContain('MISSING')
  expect(text).toContain('  h\n')
})
