"""Exit with 0 when the process in this container says that it is ready, with 1 and its troubles when not."""

import os
import sys
from http.client import HTTPConnection, HTTPException  # unlike urllib it asks no proxy of the environment

connection = HTTPConnection("127.0.0.1", int(os.environ["DONDOC_PORT"]), timeout=4)
try:
    connection.request("GET", "/readyz")
    response = connection.getresponse()
    body = response.read(2000).decode(errors="replace")
except (OSError, HTTPException) as error:
    sys.exit(f"{type(error).__name__}: {error}")
if response.status != 200:  # noqa: PLR2004 - HTTP's word for yes
    sys.exit(body)
