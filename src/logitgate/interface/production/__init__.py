"""Work with the stores from Python, as the commands do it: releases, the champion, monitored windows."""
