"""Centercode's API: releases."""
