/** Headers a tenant may not choose: they frame the message, route it, or prove who sent it. */
const RESERVED =
  /^(webhook-.*|content-.*|accept-encoding|connection|cookie2?|date|expect|forwarded|host|http2-settings|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded-.*|x-request-id|traceparent|tracestate)$/

/** Header names as HTTP allows them (RFC 9110 § 5.6.2), in lower case. */
export const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/** Header values of visible ASCII with inner blanks: no line break can end the header. */
export const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** Whether a lower-case header name is free to be chosen. */
export function isFreeHeader(name: string): boolean {
  return HEADER_NAME.test(name) && !RESERVED.test(name)
}
