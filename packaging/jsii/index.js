"use strict";
// The one class of ours that lives on Node's side: an ApiObject that takes a whole manifest as JSON text.
// jsii converts a structured value node by node, at about 10 µs each; a text crosses in one piece.
const { ApiObject, JsonPatch } = require("cdk8s");

const pointer = (key) => `/${key.replace(/~/g, "~0").replace(/\//g, "~1")}`;

class Manifest extends ApiObject {
  constructor(scope, id, manifest) {
    const { apiVersion, kind, metadata, ...fields } = JSON.parse(manifest);
    super(scope, id, { apiVersion, kind, metadata });
    this.patchAll(fields);
  }

  addFields(fields) {
    this.patchAll(JSON.parse(fields));
  }

  // Fields go in as patches: cdk8s applies them as they stand, in the author's order, and later patches come after.
  patchAll(fields) {
    this.addJsonPatch(...Object.entries(fields).map(([key, value]) => JsonPatch.add(pointer(key), value)));
  }
}

Manifest[Symbol.for("jsii.rtti")] = { fqn: "initconstructs.Manifest", version: "1.0.0" };
exports.Manifest = Manifest;
