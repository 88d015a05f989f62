// Reads the views of ledgers through node-postgres.
//
//   NODE_PATH=FOLDER/node_modules node test/bi/driver/read.js EXPECTED
//
// EXPECTED is what test/bi/expected.sql says of them.  The connection is that of
// PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.  Prints "ok NAME" or
// "not ok NAME # why".
'use strict';

const fs = require('fs');
const { Client, types } = require('pg');

const known = new Set(Object.values(types.builtins));

function ok(faults, name) {
  console.log(faults.length ? `not ok ${name} # ${faults.join('; ').slice(0, 400)}` : `ok ${name}`);
}

function isFlat(value) {
  return value === null || value instanceof Date || typeof value !== 'object';
}

async function readView(client, view, rows, unread, mistyped) {
  let result;
  try {
    result = await client.query({ text: `SELECT * FROM ${view}`, rowMode: 'array' });
  } catch (error) {
    unread.push(`${view}: ${error.message}`);
    return;
  }
  result.fields.forEach((field, column) => {
    if (!known.has(field.dataTypeID) || !result.rows.every((row) => isFlat(row[column])))
      mistyped.push(`${view}.${field.name}: type ${field.dataTypeID}`);
  });
  if (result.rows.length !== rows) unread.push(`${view}: ${result.rows.length} rows of ${rows}`);
}

async function main() {
  const expected = fs.readFileSync(process.argv[2], 'utf8').trim().split('\n')
    .map((line) => line.split('|'));
  const unread = [], mistyped = [], inexact = [];
  const client = new Client();
  await client.connect();
  const views = expected.filter(([what]) => what === 'rows');
  for (const [, schema, view, rows] of views)
    await readView(client, `${schema}.${view}`, Number(rows), unread, mistyped);
  for (const [, query, wanted] of expected.filter(([what]) => what === 'value')) {
    const { rows } = await client.query({ text: query, rowMode: 'array' });
    if (rows[0][0] !== wanted) inexact.push(`${query}: ${rows[0][0]}`);
  }
  await client.end();
  ok(unread, `node-postgres: ${views.length} views are read, in time`);
  ok(mistyped, 'node-postgres: each column has a type of its own');
  ok(inexact, 'node-postgres: sums are exact');
}

main().catch((error) => {
  console.log(`not ok node-postgres # ${error.message}`);
  process.exitCode = 1;
});
