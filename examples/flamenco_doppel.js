// SPDX-License-Identifier: GPL-3.0-or-later
// A Flamenco 3 job type: photos on a farm. Put this file into the folder `scripts` beside Flamenco Manager; docs/farms.md says the rest.

const JOB_TYPE = {
    label: "Doppel: people from photos",
    description: "Every photo of a folder becomes a rigged person; parts run on any number of workers, the last task writes the contact sheet",
    settings: [
        { key: "photos", type: "string", subtype: "dir_path", required: true, description: "Folder of photos that every worker can read" },
        { key: "out", type: "string", subtype: "dir_path", required: true, description: "Folder for the results that every worker can write" },
        { key: "parts", type: "int32", default: 8, description: "Tasks the photos are shared out to" },
        { key: "quality", type: "string", choices: ["draft", "standard", "high"], default: "standard" },
        { key: "formats", type: "string", default: "npz,glb", description: "As for --formats" },
        { key: "python", type: "string", default: "/opt/doppel/.venv/bin/python", description: "The Python with Doppel's packages, on every worker" },
        { key: "checkout", type: "string", default: "/opt/doppel", description: "Doppel's own folder, on every worker" },
    ],
};

function compileJob(job) {
    const parts = [];
    for (let number = 1; number <= job.settings.parts; number++) {
        const part = reconstruct(job.settings, `part ${number} of ${job.settings.parts}`, [`--part=${number}/${job.settings.parts}`]);
        job.addTask(part);
        parts.push(part);
    }
    const join = reconstruct(job.settings, "contact sheet", []);
    for (const part of parts) {
        join.addDependency(part);
    }
    job.addTask(join);
}

// Exit code 1 says that some photos failed. That is no reason to call the task off: the contact sheet names them.
function reconstruct(settings, name, more) {
    const words = ["-m", "core", "reconstruct", settings.photos, "--out", settings.out];
    const options = [`--quality=${settings.quality}`, `--formats=${settings.formats}`].concat(more);
    const script = 'cd "$1" || exit 4; shift; "$@"; [ $? -le 1 ]';
    const task = author.Task(name, "misc");
    task.addCommand(author.Command("exec", {
        exe: "sh",
        args: ["-c", script, "doppel", settings.checkout, settings.python].concat(words, options),
    }));
    return task;
}
