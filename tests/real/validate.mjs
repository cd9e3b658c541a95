// What Khronos's validator says of a glTF file, as JSON: counts of errors, warnings, infos, hints, and its messages.
//
//     node validate.mjs FOLDER FILE      FOLDER holds node_modules with gltf-validator (npm install gltf-validator)

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const [folder, file] = process.argv.slice(2);
const validator = createRequire(resolve(folder, "package.json"))("gltf-validator");
const report = await validator.validateBytes(new Uint8Array(readFileSync(file)), { uri: file });
console.log(JSON.stringify({ version: validator.version(), ...report.issues }));
