/** The way by which kafkajs opens its sockets; used to look host names up in the site. */
declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs'
  export default function socketFactory(): ISocketFactory
}
