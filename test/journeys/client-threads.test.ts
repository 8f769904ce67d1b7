import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

// What users of Power BI, Excel, Tableau, Salesforce Connect and Data Factory have reported about other services: each thread is cited by the
// title of a test, or there is a reason why it says nothing about ours.

const threads = [
  'NLstn/go-odata#382, #874',
  'flat3/lodata#121, #500',
  'flat3/lodata#441',
  'JocaPC/sql-server-rest-api#8',
  'OData/WebApi#1559, #869, #1981, #1315',
  'OData/AspNetCoreOData#1257, #876',
  'Azure/data-api-builder#2677',
  'microsoft/DataConnectors#250',
  'microsoft/DataConnectors#260',
  'microsoft/DataConnectors#233',
  'microsoft/DataConnectors#369',
  'microsoft/DataConnectors#360, #386, #412',
  'Azure/Azure-DataFactory#321',
  'SAP-samples/data-warehouse-cloud-connectors#10',
  'OData/AspNetCoreOData#1219',
  'microsoft/vscode-powerquery-sdk#281',
  'microsoft/DataConnectors#408',
  'Synergetic-Engineering/odata-influxdb#8',
  'pofider/node-simple-odata-server#28',
  'MicrosoftDocs/powerbi-docs#2160',
  'microsoft/AL#6858',
  'getodk/central-backend#66',
  'OData/WebApi#15, #1644',
  'SAP/olingo-jpa-processor-v4#48',
]

/** Those that no request to a server can show. */
const elsewhere: Readonly<Record<string, string>> = {
  'SAP-samples/data-warehouse-cloud-connectors#46':
    'how a connector calls OData.Feed: the snippet in docs/odata-clients.md does as they found',
  'mendix/docs#4432':
    'an importer that reads little of the metadata: strangers read ours, odata2ts (test/strangers/odata2ts.long.ts) and OpenUI5',
  'MicrosoftDocs/powerbi-docs#2004':
    'which way to sign in works in which edition of Power BI: docs/odata-clients.md says so per product',
  'OrchardCMS/OrchardCore#3274':
    'Power Query signs in with Entra ID alone: with us by user and password, or by a connector of its own, which there is none of yet',
  'OData/ValidationTool#30':
    'a validator for everybody: ours are test/conformance/odata, the cases of OASIS and its grammar',
  'OData/odataorg.github.io#134': 'the same',
  'OData/odataorg.github.io#222': 'the same',
}

test('each thread has a test that cites it, or a reason', () => {
  const texts = ['odata-clients', 'power-query']
    .map((name) => readFileSync(join(import.meta.dirname, `${name}.test.ts`), 'utf8'))
    .join('\n')
  const titles = [...texts.matchAll(/\btest\('(.*)', async/g)].map(([, title]) => title).join('\n')
  assert.deepEqual(
    threads.filter((thread) => !titles.includes(thread)),
    [],
  )
  assert.deepEqual(
    Object.keys(elsewhere).filter((thread) => titles.includes(thread)),
    [],
    'these have a test and need no reason',
  )
})
