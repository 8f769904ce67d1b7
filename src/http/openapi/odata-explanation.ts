import type { Schema } from './types.ts'

const texts: Schema = { type: 'array', items: { type: 'string' } }

const parameter: Schema = {
  type: 'object',
  required: ['for'],
  properties: {
    value: {
      type: ['null', 'boolean', 'number', 'string'],
      description: 'Absent for `window`, which is looked up when the statement runs',
    },
    type: { type: 'string', description: 'Of the value: `Edm.Int64`' },
    for: {
      enum: ['query', 'page', 'cursor', 'window'],
      description:
        'What was asked; how many rows; where a next link goes on; where a window of row ids ends',
    },
  },
}

const statement: Schema = {
  type: 'object',
  required: ['place', 'how', 'sql', 'parameters'],
  properties: {
    place: { enum: ['server', 'reader process', 'database session'] },
    how: { type: 'string', description: 'Why there, or what has to hold for it to be asked' },
    sql: { type: ['string', 'null'], description: 'Null where it is withheld' },
    withheld: { type: 'string', description: 'Why, and who is shown it' },
    parameters: {
      type: 'array',
      items: parameter,
      description: 'One per placeholder, in order; no value is in the text',
    },
  },
}

const tree: Schema = {
  type: 'object',
  description: 'Names are those of `$metadata`; `t0.delay` is a property of the rows called `t0`',
  required: ['read', 'as'],
  properties: {
    read: {
      type: ['string', 'array'],
      description: 'An entity set, or the trees of the stages of `$apply`',
    },
    as: { type: 'string' },
    joins: { type: 'array', items: { type: 'object' } },
    filter: { type: 'string' },
    groupBy: texts,
    show: { type: 'array', description: 'Expressions, and trees of `rows` or a `count` inside' },
    orderBy: texts,
    after: texts,
    limit: { type: 'number' },
    offset: { type: 'number' },
  },
}

const read: Schema = {
  type: 'object',
  required: ['what', 'tree', 'pushedDown', 'engine', 'statements', 'gateway'],
  properties: {
    what: { enum: ['rows', 'count'] },
    tree,
    pushedDown: {
      type: ['string', 'object'],
      description: '`all`, or the tree of what the store does',
    },
    engine: { type: 'string' },
    statements: {
      type: 'array',
      items: statement,
      description: 'In the order in which they are tried',
    },
    gateway: {
      type: 'object',
      description: 'What is left to the gateway; empty where the store does everything',
      properties: {
        filter: { type: 'string' },
        offset: { type: 'number' },
        limit: { type: 'number' },
        counts: { const: true },
      },
    },
  },
}

/** What `$explain=true` answers. */
export const explanationSchema: Schema = {
  type: 'object',
  description: 'How an answer would be found (`$explain=true`); no OData',
  required: ['explanation'],
  properties: {
    explanation: {
      type: 'object',
      required: ['request', 'reads'],
      properties: {
        request: {
          type: 'object',
          required: ['path', 'answers', 'options'],
          properties: {
            path: { type: 'string' },
            answers: { enum: ['entities', 'count', 'ref', 'property', 'value'] },
            property: { type: 'string' },
            options: { type: 'object', additionalProperties: { type: 'string' } },
          },
        },
        page: {
          type: 'object',
          required: ['size', 'decidedBy'],
          properties: {
            size: { type: 'integer' },
            decidedBy: { type: 'string' },
            mostRows: { type: 'integer', description: 'Rows of all pages together' },
          },
        },
        reads: { type: 'array', items: read, description: 'What the store would be asked' },
      },
    },
  },
}

export const explanation: Schema = { $ref: '#/components/schemas/ODataExplanation' }
