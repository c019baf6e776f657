"""Köpürö: the interagency gateway between the education registry and the other ministries over Tunduk."""
