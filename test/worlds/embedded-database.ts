export { embeddedDatabase } from './database.ts';
