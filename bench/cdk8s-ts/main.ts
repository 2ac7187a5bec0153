// One chart per cluster, one ApiObject per object: what a cdk8s app in TypeScript does, and no more.
// Called with the file of the objects, by chart, and the folder for the YAML.
import { readFileSync } from "node:fs";
import { ApiObject, App, Chart, type ApiObjectProps } from "cdk8s";

const [source, outdir] = process.argv.slice(2);
const charts: Record<string, ApiObjectProps[]> = JSON.parse(readFileSync(source, "utf8"));

const app = new App({ outdir });
for (const [name, objects] of Object.entries(charts)) {
  const chart = new Chart(app, name);
  objects.forEach((props, index) => new ApiObject(chart, `object-${index}`, props));
}
app.synth();
