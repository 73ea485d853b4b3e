// Does what a Dockerfile says, in folders: one for each stage, in place of its file system. An instruction that it
// doesn't know is an error, so that nothing is left out unnoticed.
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import dockerIgnore from '@balena/dockerignore';

/**
 * Builds the image that a Dockerfile describes.
 * @param node the folder of the node that stands for the one of the base image
 */
export async function buildImage({ context, node, folder }) {
  const ignore = await readIgnored(context);
  const stages = new Map();
  let stage;
  for (const [instruction, rest] of parse(await readFile(path.join(context, 'Dockerfile'), 'utf8'))) {
    const inside = (name) => path.join(stage.root, path.resolve(stage.workdir, name));
    switch (instruction) {
      case 'FROM': {
        const [image, , name = 'final'] = rest.split(' ');
        stage = { image, root: path.join(folder, name), workdir: '/', env: {}, user: 'root' };
        stages.set(name, stage);
        break;
      }
      case 'WORKDIR':
        stage.workdir = rest;
        await mkdir(inside('.'), { recursive: true });
        break;
      case 'COPY': {
        const [, from, files] = /^(?:--from=(\S+) )?(.*)$/.exec(rest);
        const names = files.split(' ');
        const target = names.pop();
        const source = from ? stages.get(from).root : context;
        for (const name of names) {
          const to = target.endsWith('/') ? inside(path.join(target, path.basename(name))) : inside(target);
          await cp(path.join(source, name), to, {
            recursive: true,
            verbatimSymlinks: true,
            filter: from ? undefined : ignore,
          });
          await stat(to); // ignored, it would have been left out in silence
        }
        break;
      }
      case 'RUN': {
        const command = rest.replace(/^--mount=\S+ /, '');
        const env = { ...outside(), PATH: `${node}:${process.env.PATH}`, ...stage.env };
        await promisify(execFile)('sh', ['-ec', command], { cwd: inside('.'), env });
        break;
      }
      case 'ENV':
        Object.assign(stage.env, Object.fromEntries([rest.split('=')]));
        break;
      case 'USER':
        stage.user = rest;
        break;
      case 'CMD':
        stage.command = JSON.parse(rest);
        break;
      case 'HEALTHCHECK':
        stage.healthcheck = JSON.parse(rest.slice(rest.indexOf('CMD ') + 4));
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`What does ${instruction} do?`);
    }
    stage.app = inside('.');
  }
  return stage;
}

/** The environment, without what the npm that runs this test has put into it. */
const outside = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV$|INIT_CWD$)/i.test(name)));

/** Instructions, each with the rest of its line. */
const parse = (text) =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter(Boolean)
    .map((line) => /^(\S+) (.*)$/.exec(line).slice(1));

async function readIgnored(context) {
  const ignored = dockerIgnore().add(await readFile(path.join(context, '.dockerignore'), 'utf8'));
  return (file) => file === context || !ignored.ignores(path.relative(context, file));
}
