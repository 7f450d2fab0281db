// The studio, livelier. Every page works without it.
"use strict";
