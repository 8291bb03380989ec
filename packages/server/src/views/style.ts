/** The one stylesheet, under the hash of its content; to be served with its `content_type`, cacheable for ever. */
import { asset, type Asset } from './asset.ts'
import { controls } from './style/controls.ts'
import { explained } from './style/explained.ts'
import { foundation } from './style/foundation.ts'
import { sections } from './style/sections.ts'
import { tables } from './style/tables.ts'

export const stylesheet: Asset = asset('css', [foundation, controls, sections, explained, tables].join('\n'))
