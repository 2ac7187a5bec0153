import { ApiObject, Chart, DependencyGraph, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';

/** What each object was made from: the order of its keys is the order in which people write them. */
const GIVEN = new WeakMap<ApiObject, { readonly list: number; readonly manifest: unknown }>();

/** One ApiObject per manifest of a list, made in one crossing from the caller's language. */
export class Manifests extends Construct {
  /**
   * Renders a chart, checked by cdk8s as `chart.toJson()` does it.
   *
   * @returns JSON of `[component, list, manifest][]` in construct order; the component is the id of the
   * chart's child that holds the object, and empty for an object that hangs on the chart itself; the list
   * is null for an object that no Manifests made.
   */
  public static render(chart: Chart): string {
    const rendered: unknown[] = chart.toJson();
    const objects = new DependencyGraph(chart.node).topology()
      .filter((node): node is ApiObject => ApiObject.isApiObject(node) && Chart.of(node) === chart);
    if (objects.length !== rendered.length) {
      throw new Error(`${chart.node.path}: cdk8s rendered ${rendered.length} of ${objects.length} objects`);
    }
    const below = chart.node.scopes.length;
    return JSON.stringify(objects.map((object, index) => {
      const component = object.node.scope === chart ? '' : object.node.scopes[below].node.id;
      const given = GIVEN.get(object);
      return given === undefined
        ? [component, null, rendered[index]]
        : [component, given.list, inOrderOf(given.manifest, rendered[index])];
    }));
  }

  /**
   * @param json a JSON list of manifests; each has apiVersion, kind and metadata.name.
   * @param list a number by which the caller knows this list again in what `render` gives.
   */
  constructor(scope: Construct, id: string, json: string, list: number) {
    super(scope, id);
    const stamped = Chart.of(this).namespace !== undefined;
    for (const manifest of JSON.parse(json)) {
      const { name, namespace } = manifest.metadata;
      // '/' separates construct ids in a path; it can be in an apiVersion only.
      const group = manifest.apiVersion.split('/').slice(0, -1).join('');
      const object = new ApiObject(this, `${manifest.kind}.${group} ${namespace ?? ''} ${name}`, manifest);
      GIVEN.set(object, { list, manifest });
      if (stamped && namespace === undefined) {
        // A chart's namespace would be written into cluster-scoped kinds as well.
        object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
      }
    }
  }
}

/** The rendered value with the keys in the given order: cdk8s sorts metadata whatever it is told. */
function inOrderOf(given: any, rendered: any): unknown {
  if (Array.isArray(rendered)) {
    return Array.isArray(given) ? rendered.map((item, index) => inOrderOf(given[index], item)) : rendered;
  }
  if (!isMapping(rendered) || !isMapping(given)) {
    return rendered;
  }
  const ordered: Record<string, unknown> = {};
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(rendered, key)) {
      ordered[key] = inOrderOf(given[key], rendered[key]);
    }
  }
  for (const key of Object.keys(rendered)) {
    if (!Object.hasOwn(given, key)) {
      ordered[key] = rendered[key];
    }
  }
  return ordered;
}

function isMapping(value: any): value is Record<string, any> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
