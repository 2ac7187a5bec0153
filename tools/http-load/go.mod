module novacron.io/tools/http-load

go 1.26.0
