<?php
// PHP's own streams (file_get_contents, fopen) read no proxy variable, unlike ext-curl;
// a default context tells them. __PROXY__ is replaced when this file is written.
stream_context_set_default(['http' => ['proxy' => 'tcp://__PROXY__', 'request_fulluri' => true]]);
