// SPDX-License-Identifier: AGPL-3.0-or-later
// Twilio's own signing and checking, one JSON question a line on standard input, one answer a line:
//   {"do": "sign", "token", "url", "params"}                     -> "signature"
//   {"do": "check", "token", "signature", "url", "params"}       -> true or false
//   {"do": "checkBody", "token", "signature", "url", "body"}     -> true or false
//   {"do": "hash", "body"}                                       -> "hex"
'use strict';
const twilio = require('twilio/lib/webhooks/webhooks');

const answers = {
  sign: q => twilio.getExpectedTwilioSignature(q.token, q.url, q.params),
  check: q => twilio.validateRequest(q.token, q.signature, q.url, q.params),
  checkBody: q => twilio.validateRequestWithBody(q.token, q.signature, q.url, q.body),
  hash: q => twilio.getExpectedBodyHash(q.body),
};

require('readline').createInterface({input: process.stdin}).on('line', line => {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answers[question.do](question)));
});
