// What every page does beyond plain HTML: dialogs, confirmation, copying, keys, live refreshes. Pages work without it.
import { watchDialogs } from "./dialogs.js";
import { watchKeys } from "./keys.js";
import { watchLive } from "./live.js";
import { watchSelection } from "./selection.js";
import { watchSmallThings } from "./small.js";

watchDialogs();
watchKeys();
watchSelection();
watchLive();
watchSmallThings();
