/* SPDX-License-Identifier: ISC */

/*
 * nginx for the tests of checks: see check_nginx.h.
 */

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "check_certificate.h"
#include "check_nginx.h"
#include "check_server.h"

#define PROGRAM "/usr/sbin/nginx"
#define NAMES	"DNS:good.example,IP:127.0.0.1,IP:::1"

static const struct certificate_wish wishes[] = {
    {"ca", NULL, 1000, NULL},
    {"good", NAMES, 100, "ca"},
    {"soon", NAMES, 6, "ca"},
    {"expired", NAMES, -3, "ca"},
    {"other", "DNS:other.example", 100, "ca"},
    {"self", NAMES, 100, NULL},
};

static const char *const names[NGINX_COUNT] = {
    [NGINX_PLAIN] = NULL,
    [NGINX_GOOD] = "good",
    [NGINX_SOON] = "soon",
    [NGINX_EXPIRED] = "expired",
    [NGINX_OTHER] = "other",
    [NGINX_SELF] = "self",
};

static FILE *
open_file(const struct nginx *nginx, const char *name, const char *mode)
{
	char *path = xasprintf("%s/%s", nginx->directory, name);
	FILE *file = fopen(path, mode);

	free(path);
	return file;
}

/* Ports are found first, as nginx can't say which it was given. */
static void
find_ports(struct nginx *nginx)
{
	int fds[NGINX_COUNT];
	uint16_t port;
	size_t i;
	int fd;

	for (i = 0; i < NGINX_COUNT; i++)
		fds[i] = loopback_socket(AF_INET, -1, &nginx->ports[i]);
	for (i = 0; i < NGINX_COUNT; i++)
		close(fds[i]);
	fd = loopback_socket(AF_INET6, -1, &port);
	nginx->ipv6 = fd != -1;
	if (fd != -1)
		close(fd);
}

static void
write_server(FILE *file, const struct nginx *nginx, size_t i)
{
	const char *tls = names[i] == NULL ? "" : " ssl";

	fprintf(
	    file, "server { listen 127.0.0.1:%u%s;\n", nginx->ports[i], tls);
	if (nginx->ipv6)
		fprintf(file, "listen [::1]:%u%s;\n", nginx->ports[i], tls);
	if (names[i] != NULL)
		fprintf(file,
		    "ssl_certificate %s/%s.pem;\n"
		    "ssl_certificate_key %s/%s.pem;\n",
		    nginx->directory, names[i], nginx->directory, names[i]);
	fprintf(file,
	    "root %s/www;\n"
	    "location = /sni { return 200 \"sni=$ssl_server_name;\"; }\n"
	    "location = /moved { return 301 /; }\n"
	    "location = /headers { return 200 \"[$http_x_a][$http_user_agent]"
	    "[$http_connection]\"; }\n"
	    "location = /chunked { ssi on; ssi_types *; }\n"
	    "}\n",
	    nginx->directory);
}

static void
write_files(const struct nginx *nginx)
{
	char *path = xasprintf("%s/www", nginx->directory);
	FILE *file;
	size_t i;

	mkdir(path, 0755);
	free(path);
	file = open_file(nginx, "www/index.html", "we");
	fprintf(file, "All is well, said the server.\n");
	fclose(file);
	file = open_file(nginx, "www/chunked", "we");
	fprintf(file, "one <!--#echo var=\"server_protocol\" --> two\n");
	fclose(file);
	file = open_file(nginx, "www/large", "we");
	if (ftruncate(fileno(file), 64 << 20) == -1)
		abort();
	fclose(file);
	file = open_file(nginx, "conf", "we");
	fprintf(file,
	    "daemon off; master_process off; pid %s/pid;\n"
	    "error_log %s/log info;\n"
	    "events { worker_connections 64; }\n"
	    "http { access_log off; default_type text/plain;\n"
	    "client_body_temp_path %s/t1; proxy_temp_path %s/t2;\n"
	    "fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4;\n"
	    "scgi_temp_path %s/t5;\n",
	    nginx->directory, nginx->directory, nginx->directory,
	    nginx->directory, nginx->directory, nginx->directory,
	    nginx->directory);
	for (i = 0; i < NGINX_COUNT; i++)
		write_server(file, nginx, i);
	fprintf(file, "}\n");
	fclose(file);
}

static bool
listens(uint16_t port)
{
	struct addr address = loopback(AF_INET);
	struct sockaddr_storage ss;
	socklen_t length = addr_to_sockaddr(&address, port, &ss);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool up = connect(fd, (struct sockaddr *)&ss, length) == 0;

	close(fd);
	return up;
}

static void
run(const struct nginx *nginx)
{
	char *conf = xasprintf("%s/conf", nginx->directory);

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test may crash */
	execl(PROGRAM, "nginx", "-e", "/dev/null", "-c", conf, "-p",
	    nginx->directory, (char *)NULL);
	_exit(127);
}

int
nginx_start(struct nginx *nginx)
{
	unsigned tries;
	size_t i;

	if (access(PROGRAM, X_OK) == -1) {
		printf("# there is no %s\n", PROGRAM);
		return -1;
	}
	strcpy(nginx->directory, "/tmp/vc5d-nginx-XXXXXX");
	if (mkdtemp(nginx->directory) == NULL)
		return -1;
	for (i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
		if (certificate_make(nginx->directory, &wishes[i]) == -1)
			return -1;
	find_ports(nginx);
	write_files(nginx);
	nginx->pid = fork();
	if (nginx->pid == 0)
		run(nginx);
	for (tries = 0; tries < 1000; tries++) {
		if (listens(nginx->ports[NGINX_SELF]))
			return 0;
		if (waitpid(nginx->pid, NULL, WNOHANG) != 0)
			break;
		usleep(10000);
	}
	printf("# nginx does not start\n");
	return -1;
}

char *
nginx_log(const struct nginx *nginx)
{
	FILE *file = open_file(nginx, "log", "re");
	char *text = xcalloc(1, 65536);
	size_t got = file == NULL ? 0 : fread(text, 1, 65535, file);

	text[got] = '\0';
	if (file != NULL)
		fclose(file);
	return text;
}

void
nginx_stop(struct nginx *nginx)
{
	char *command = xasprintf("rm -r '%s'", nginx->directory);

	kill(nginx->pid, SIGTERM);
	waitpid(nginx->pid, NULL, 0);
	if (system(command) != 0)
		printf("# %s: can't be removed\n", nginx->directory);
	free(command);
}
