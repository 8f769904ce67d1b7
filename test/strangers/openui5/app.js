// An application of OpenUI5 with a list and a detail, of controls that are made of its core alone. The list grows as sap.m's do:
// it asks its binding for the first so many rows, and for more of them when somebody wants more.
/* global sap */

const parts = [
  'sap/ui/core/Control',
  'sap/ui/model/odata/v4/ODataModel',
  'sap/ui/model/Filter',
  'sap/ui/model/Sorter',
]

const createControls = (Control) => {
  const Text = Control.extend('page.Text', {
    metadata: { properties: { text: 'string' } },
    renderer: {
      apiVersion: 2,
      render: (writer, text) =>
        void writer.openStart('p', text).openEnd().text(text.getText()).close('p'),
    },
  })
  const Box = Control.extend('page.Box', {
    metadata: {
      properties: { shown: { type: 'int', defaultValue: 20 } },
      aggregations: { items: { type: 'sap.ui.core.Control', multiple: true } },
      defaultAggregation: 'items',
    },
    refreshItems() {
      this.getBinding('items').getContexts(0, this.getShown())
    },
    updateItems() {
      const { factory, model } = this.getBindingInfo('items')
      this.destroyAggregation('items')
      for (const context of this.getBinding('items').getContexts(0, this.getShown())) {
        const item = factory(`item-${context.getIndex()}-${performance.now()}`, context)
        item.setBindingContext(context, model)
        this.addAggregation('items', item)
      }
    },
    grow() {
      this.setShown(this.getShown() + 20)
      this.updateItems()
    },
    renderer: {
      apiVersion: 2,
      render: (writer, box) => {
        writer.openStart('div', box).openEnd()
        for (const item of box.getItems()) writer.renderControl(item)
        writer.close('div')
      },
    },
  })
  return { Text, Box }
}

const createPage = (Control, ODataModel, Filter, Sorter) => {
  const { Text, Box } = createControls(Control)
  let model
  let list
  let count
  let detail
  /** @param service where it is @param authorization the header that each request has */
  const open = (service, authorization) => {
    model = new ODataModel({
      serviceUrl: service,
      autoExpandSelect: true,
      operationMode: 'Server',
      httpHeaders: { Authorization: authorization },
    })
  }
  const showList = ({ filters = [], sorters = [] } = {}) => {
    list?.destroy()
    count?.destroy()
    list = new Box({
      items: {
        path: '/Invoices',
        parameters: { $count: true },
        filters: filters.map((given) => new Filter(given)),
        sorter: sorters.map(([path, descending]) => new Sorter(path, descending)),
        template: new Text({ text: '{id}: {Customer/name}, {total}' }),
      },
    })
    list.setModel(model)
    count = new Text({ text: '{$count}' })
    count.setModel(model)
    count.setBindingContext(list.getBinding('items').getHeaderContext())
    count.placeAt('count')
    list.placeAt('list')
  }
  /** An entity by its key, and in it the rows that belong to it, by a request of their own. */
  const showDetail = (path) => {
    detail?.destroy()
    detail = new Box({
      items: [
        new Text({ text: '{name}, {City/country}, since {since}' }),
        new Box({
          items: {
            path: 'Invoices',
            parameters: { $$ownRequest: true, $orderby: 'id desc' },
            template: new Text({ text: '{id}' }),
          },
        }),
      ],
    })
    detail.setModel(model)
    detail.bindElement({ path })
    detail.placeAt('detail')
  }
  return { open, showList, showDetail, grow: () => list.grow() }
}

sap.ui.getCore().attachInit(() =>
  sap.ui.require(parts, (...classes) => {
    window.page = createPage(...classes)
  }),
)
