// Logs in with tedious, runs the batches that stdin names, and writes what came back,
// one line of JSON for each. The place of tedious is in NODE_PATH.
const { Connection, Request, TYPES } = require('tedious');

const plan = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const connection = new Connection({
  server: '127.0.0.1',
  authentication: { type: 'default', options: { userName: plan.user, password: plan.password } },
  options: {
    port: plan.port,
    database: plan.database,
    encrypt: plan.encrypt,
    serverName: plan.serverName,
    cryptoCredentialsDetails: { ca: plan.ca },
    trustServerCertificate: plan.encrypt !== 'strict',
    rowCollectionOnRequestCompletion: false,
    useUTC: true,
  },
});

const text = (v) => (v instanceof Date ? v.toISOString() : Buffer.isBuffer(v) ? v.toString('hex') : v === null ? null : String(v));

function run(batch) {
  return new Promise((resolve) => {
    const answer = { columns: [], rows: [], error: 0 };
    const request = new Request(batch.sql, (err) => {
      if (err) {
        answer.error = err.number || -1;
        answer.message = err.message;
      }
      resolve(answer);
    });
    request.on('columnMetadata', (columns) => {
      answer.columns = columns.map((c) => c.colName + ' ' + c.type.name);
    });
    request.on('row', (columns) => answer.rows.push(columns.map((c) => text(c.value))));
    for (const p of batch.params || []) {
      request.addParameter(p.name, TYPES[p.type], p.date ? new Date(p.value) : p.value, p.options);
    }
    if (batch.params) connection.execSql(request);
    else connection.execSqlBatch(request);
  });
}

const transaction = (name) =>
  new Promise((resolve, reject) => connection[name]((err) => (err ? reject(err) : resolve({ columns: [], rows: [], error: 0 }))));

connection.connect(async (err) => {
  if (err) {
    console.log(JSON.stringify({ login: err.message, error: err.cause && err.cause.number }));
    process.exit(1);
  }
  for (const batch of plan.batches) {
    const answer = batch.transaction ? await transaction(batch.transaction) : await run(batch);
    console.log(JSON.stringify(answer));
  }
  connection.close();
});
